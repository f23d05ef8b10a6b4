/* Every library of differential_test.py: opens what it is asked for, as a caller of its own, with its own RUNPATH. */
extern void* dlopen(const char*, int);
void* ask(const char* name) {
    void* volatile found = dlopen(name, 1);
    return found;
}
