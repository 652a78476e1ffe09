# Since glibc 2.32 and 2.34, pthread and dl functions are found under a new version of their names, although they are the old ones: a library
# that is linked on a new system would not load on an older one. The linker sends calls of them here (--wrap), and here they go to the name
# that both systems know.
    .macro old name, version
    .symver old_\name, \name@GLIBC_\version
    .globl __wrap_\name
    .hidden __wrap_\name
    .type __wrap_\name, @function
__wrap_\name:
    jmp *old_\name@GOTPCREL(%rip)
    .size __wrap_\name, .-__wrap_\name
    .endm

    .text
    old dladdr, 2.2.5
    old pthread_attr_getstack, 2.2.5
    old pthread_condattr_setclock, 2.3.3
    old pthread_create, 2.2.5
    old pthread_getattr_np, 2.2.5
    old pthread_key_create, 2.2.5
    old pthread_kill, 2.2.5
    old pthread_mutexattr_destroy, 2.2.5
    old pthread_mutexattr_init, 2.2.5
    old pthread_mutexattr_settype, 2.2.5
    old pthread_rwlock_rdlock, 2.2.5
    old pthread_rwlock_unlock, 2.2.5
    old pthread_rwlock_wrlock, 2.2.5
    old pthread_setspecific, 2.2.5
    old pthread_sigmask, 2.2.5

    .section .note.GNU-stack,"",@progbits
