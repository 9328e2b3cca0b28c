#include "textflag.h"

// func vectorProbes(t *vectorTable, text *byte, from, to int) (at int, mask uint32)
//
// A byte's two halves select a byte each of two tables; a bit that both have
// says that the byte may stand at this place of a probe of that bit's group.
// Three such tests, of the bytes at p, p+1 and p+2, are done for 32 p at a time.
TEXT ·vectorProbes(SB), NOSPLIT, $0-44
	MOVQ t+0(FP), AX
	MOVQ text+8(FP), SI
	MOVQ from+16(FP), CX
	MOVQ to+24(FP), DX
	VMOVDQU 0(AX), Y0
	VMOVDQU 32(AX), Y1
	VMOVDQU 64(AX), Y2
	VMOVDQU 96(AX), Y3
	VMOVDQU 128(AX), Y4
	VMOVDQU 160(AX), Y5
	VMOVDQU 192(AX), Y6
	VPXOR Y15, Y15, Y15

loop:
	CMPQ CX, DX
	JGT done
	VMOVDQU 0(SI)(CX*1), Y7
	VPSRLW $4, Y7, Y8
	VPAND Y7, Y6, Y7
	VPAND Y8, Y6, Y8
	VPSHUFB Y7, Y0, Y7
	VPSHUFB Y8, Y1, Y8
	VPAND Y7, Y8, Y9

	VMOVDQU 1(SI)(CX*1), Y7
	VPSRLW $4, Y7, Y8
	VPAND Y7, Y6, Y7
	VPAND Y8, Y6, Y8
	VPSHUFB Y7, Y2, Y7
	VPSHUFB Y8, Y3, Y8
	VPAND Y7, Y8, Y7
	VPAND Y7, Y9, Y9

	VMOVDQU 2(SI)(CX*1), Y7
	VPSRLW $4, Y7, Y8
	VPAND Y7, Y6, Y7
	VPAND Y8, Y6, Y8
	VPSHUFB Y7, Y4, Y7
	VPSHUFB Y8, Y5, Y8
	VPAND Y7, Y8, Y7
	VPAND Y7, Y9, Y9

	VPCMPEQB Y15, Y9, Y9
	VPMOVMSKB Y9, BX
	XORL $0xffffffff, BX
	JNZ found
	ADDQ $32, CX
	JMP loop

done:
	XORL BX, BX

found:
	VZEROUPPER
	MOVQ CX, at+32(FP)
	MOVL BX, mask+40(FP)
	RET
