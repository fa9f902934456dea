# Compiler, assembler, linker, and what they make.
printf '#include <stdio.h>\nint main(void) { printf("hello\\n"); return 3; }\n' > hello.c
gcc -O1 -pipe hello.c -o hello || exit 1
./hello
test $? = 3
