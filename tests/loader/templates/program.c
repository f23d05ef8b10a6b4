/* The program of differential_test.py: prints the path of every library that the loader loaded for it, in the loader's
 * order; then, for each pair of arguments ASKER NAME, lets ASKER open NAME ("" is the program itself) and prints the
 * path of what came. It needs nothing of the C library at its start, so one build runs with every glibc. */

#define RTLD_LAZY 1
#define RTLD_NOLOAD 4

struct link_map {
    unsigned long address;
    char* name;
    void* dynamic;
    struct link_map *next, *previous;
};

extern void* dlopen(const char*, int);
extern void* dlsym(void*, const char*);
extern char* dlerror(void);
extern long write(int, const void*, unsigned long);
extern void _exit(int);

static unsigned long length(const char* text) {
    unsigned long count = 0;
    while (text[count] != 0) ++count;
    return count;
}

static void say(const char* kind, const char* text) {
    write(1, kind, length(kind));
    write(1, text, length(text));
    write(1, "\n", 1);
}

typedef void* (*Opener)(const char*);

__attribute__((used)) void begin(long* stack) {
    const long count = stack[0];
    char** arguments = (char**)(stack + 1);
    const struct link_map* own = dlopen(0, RTLD_LAZY);
    for (const struct link_map* map = own->next; map != 0; map = map->next) say("loaded ", map->name);
    for (long i = 1; i + 1 < count; i += 2) {
        const char* asker = arguments[i];
        struct link_map* found = 0;
        if (asker[0] == 0) {
            found = dlopen(arguments[i + 1], RTLD_LAZY);
        } else {
            void* library = dlopen(asker, RTLD_LAZY | RTLD_NOLOAD);
            Opener open = library == 0 ? 0 : (Opener)dlsym(library, "ask");
            if (open != 0) found = open(arguments[i + 1]);
        }
        if (found != 0) {
            say("took ", found->name);
        } else {
            char* why = dlerror();
            say("none ", why == 0 ? "" : why);
        }
    }
    _exit(0);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start: xor %ebp,%ebp\n mov %rsp,%rdi\n and $-16,%rsp\n call begin\n hlt\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start: mov x29,#0\n mov x30,#0\n mov x0,sp\n bl begin\n brk #1\n");
#endif
