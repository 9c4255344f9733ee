package asm_test

import (
	"context"
	"fmt"

	"github.com/tabgrad/tabgrad/wasm/asm"
	"github.com/tetratelabs/wazero"
)

// A kernel that scales n numbers in place, run natively.
func Example() {
	m := asm.NewModule()
	m.Memory(asm.Limits{Min: 1})
	m.ExportMemory("memory")
	f := m.Func("scale") // for i := range n { x[i] *= a }
	x, n, a := f.ParamI32(), f.ParamI32(), f.ParamF32()
	end := f.LetI32(x.Add(n.MulC(4)))
	f.While(x.LtU(end), func() {
		f.StoreF32(x, 0, x.LoadF32(0).Mul(a))
		x.Set(x.AddC(4))
	})
	m.Export("scale", f)

	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	mod, err := r.Instantiate(ctx, m.Encode())
	if err != nil {
		fmt.Println(err)
		return
	}
	mod.Memory().WriteFloat32Le(64, 2)
	mod.Memory().WriteFloat32Le(68, 3)
	if _, err := mod.ExportedFunction("scale").Call(ctx, 64, 2, 0x3f000000); err != nil { // 0.5
		fmt.Println(err)
		return
	}
	v, _ := mod.Memory().ReadFloat32Le(68)
	fmt.Println(v)
	// Output: 1.5
}
