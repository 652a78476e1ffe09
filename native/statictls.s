# One initial-exec reference to a thread-local variable marks the library DF_STATIC_TLS: the dynamic loader then places its
# thread-local storage in the static block of every thread at load time, and no access to it ever allocates.
    .section .tbss,"awT",@nobits
    .balign 8
chunksync_tls_anchor:
    .zero 8

    .text
    .globl chunksync_static_tls
    .hidden chunksync_static_tls
    .type chunksync_static_tls, @function
chunksync_static_tls:
    movq chunksync_tls_anchor@gottpoff(%rip), %rax
    ret
    .size chunksync_static_tls, .-chunksync_static_tls

    .section .note.GNU-stack,"",@progbits
