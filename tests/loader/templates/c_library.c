/* Stands for the C library while the templates are linked, so that they name no version of it. */
void* dlopen(const char* name, int mode) { return (void*)(name + mode); }
void* dlsym(void* library, const char* name) { return (char*)library + (name != 0); }
char* dlerror(void) { return 0; }
long write(int file, const void* bytes, unsigned long count) { return file + (bytes != 0) + (long)count; }
void _exit(int status) {
    for (;;) (void)status;
}
