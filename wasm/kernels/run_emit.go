//go:build !js

package kernels

import "github.com/tabgrad/tabgrad/wasm/asm"

// looksForJob is how many times as long a helper looks for a job as at a barrier, about 4 ms by default: in training,
// lane 0 goes and gets the next batch.
const looksForJob = 16

// emitRun emits the exported functions that walk programs; see doc.go.
func (b *Builder) emitRun() {
	var barrier *asm.Func
	if b.Options.Shared {
		barrier = b.emitBarrier()
	}
	run := b.Func("run")
	program, lane, lanes := run.ParamI32(), run.ParamI32(), run.ParamI32()
	run.Returns(asm.TypeI32)
	left := run.LetI32(program.LoadI32(0))
	program.Set(program.AddC(4))
	run.While(left, func() {
		run.CallIndirect(kernelType, program.LoadI32(0), program.AddC(8), lane, lanes)
		if b.Options.Shared {
			run.If(lanes.GtU(asm.C(1)), func() {
				run.If(run.CallI32(barrier, lanes), func() { run.Return(asm.C(int(StatusLaneLost))) })
			})
		}
		program.Set(program.LoadI32(4).MulC(4).AddC(8).Add(program))
		left.Set(left.SubC(1))
	})
	run.Return(asm.C(int(StatusOK)))
	b.Export("run", run)

	start := b.Func("start")
	program, lanes = start.ParamI32(), start.ParamI32()
	start.Returns(asm.TypeI32)
	if b.Options.Shared {
		post := b.emitPost()
		start.If(lanes.GtU(asm.C(1)), func() { start.Call(post, program, lanes) })
		b.emitLaneLoop(run)
		stop := b.Func("stop")
		stop.Call(post, asm.C(0), asm.C(0))
		b.Export("stop", stop)
	}
	start.Return(start.CallI32(run, program, asm.C(0), lanes))
	b.Export("start", start)
}

// emitBarrier emits barrier(lanes) i32, which returns 0 once all lanes have called it,
// or 1 when one is given up. The last lane to arrive starts the next epoch.
func (b *Builder) emitBarrier() *asm.Func {
	f := b.Func("barrier")
	lanes := f.ParamI32()
	f.Returns(asm.TypeI32)
	zero := f.I32()
	epoch := f.LetI32(zero.AtomicLoad(ControlEpoch))
	f.If(zero.AtomicAdd(ControlArrived, asm.C(1)).Eq(lanes.SubC(1)), func() {
		f.AtomicStore(zero, ControlArrived, asm.C(0))
		f.Drop(zero.AtomicAdd(ControlEpoch, asm.C(1)))
		f.If(zero.AtomicLoad(ControlSleepers), func() {
			f.Drop(zero.AtomicNotify(ControlEpoch, asm.C(-1)))
		})
		f.Return(zero.AtomicLoad(ControlStatus).Ne(asm.C(0)))
	})
	turn, looks := f.I32(), b.looks(f)
	f.For(turn, asm.C(0), looks, asm.C(1), func() {
		f.If(zero.AtomicLoad(ControlEpoch).Ne(epoch), func() {
			f.Return(zero.AtomicLoad(ControlStatus).Ne(asm.C(0)))
		})
	})
	patience := f.LetI32(zero.AtomicLoad(ControlPatience))
	f.If(patience.Eqz(), func() { patience.Set(asm.C(DefaultPatience)) })
	f.Drop(zero.AtomicAdd(ControlSleepers, asm.C(1)))
	f.Block(func(done asm.Label) {
		f.Loop(func(again asm.Label) {
			f.BrIf(done, zero.AtomicLoad(ControlEpoch).Ne(epoch))
			f.BrIf(done, zero.AtomicLoad(ControlStatus))
			f.If(patience.Eqz(), func() {
				f.AtomicStore(zero, ControlStatus, asm.C(int(StatusLaneLost)))
				f.Br(done)
			})
			// 2 is a time-out; a wake is no sign that the epoch is over.
			f.If(f.CallI32(b.sleep("sleep_at_barrier", ControlEpoch, 100e6), epoch).Eq(asm.C(2)), func() {
				patience.Set(patience.SubC(1))
			})
			f.Br(again)
		})
	})
	f.Drop(zero.AtomicSub(ControlSleepers, asm.C(1)))
	f.Return(zero.AtomicLoad(ControlStatus).Ne(asm.C(0)))
	return f
}

// looks is how often a lane looks at a word before it sleeps.
func (b *Builder) looks(f *asm.Func) asm.I32 {
	looks := f.LetI32(f.I32().AtomicLoad(ControlLooks))
	f.If(looks.Eqz(), func() { looks.Set(asm.C(DefaultLooks)) })
	return looks
}

// sleep is a function of its own, sleep(expected) i32: memory.atomic.wait32 at an address for at most ns nanoseconds (-1: for
// ever). V8's baseline compiler (Liftoff, in Node 20) forgets that the wait is a call: what the function around it keeps in
// registers is destroyed, and a constant time-out is misread.
func (b *Builder) sleep(name string, address int, ns int64) *asm.Func {
	return b.Function(name, func(f *asm.Func) {
		expected := f.ParamI32()
		f.Returns(asm.TypeI32)
		limit := f.LetI64(asm.C64(ns))
		zero := f.I32()
		f.Return(zero.AtomicWait(address, expected, limit))
	})
}

// emitPost emits post(program, lanes), which gives the helpers a job.
func (b *Builder) emitPost() *asm.Func {
	f := b.Func("post")
	program, lanes := f.ParamI32(), f.ParamI32()
	zero := f.I32()
	f.Drop(zero.AtomicAdd(ControlJob, asm.C(1)))
	f.AtomicStore(zero, ControlProgram, program)
	f.AtomicStore(zero, ControlLanes, lanes)
	f.Drop(zero.AtomicAdd(ControlJob, asm.C(1)))
	f.Drop(zero.AtomicNotify(ControlJob, asm.C(-1)))
	return f
}

// emitLaneLoop emits the exported lane_loop(lane) i32. It returns StatusOK when told to
// stop, and otherwise the Status of the run that failed.
func (b *Builder) emitLaneLoop(run *asm.Func) {
	f := b.Func("lane_loop")
	lane := f.ParamI32()
	f.Returns(asm.TypeI32)
	zero, turn, now, program, lanes, status := f.I32(), f.I32(), f.I32(), f.I32(), f.I32(), f.I32()
	seen := f.LetI32(zero.AtomicLoad(ControlJob))
	f.Drop(zero.AtomicAdd(ControlReady, asm.C(1)))
	f.Drop(zero.AtomicNotify(ControlReady, asm.C(-1)))
	f.Loop(func(again asm.Label) {
		f.Block(func(posted asm.Label) {
			looks := b.looks(f).MulC(looksForJob)
			f.For(turn, asm.C(0), f.LetI32(looks), asm.C(1), func() {
				f.BrIf(posted, zero.AtomicLoad(ControlJob).Ne(seen))
			})
			f.Loop(func(sleep asm.Label) {
				f.BrIf(posted, zero.AtomicLoad(ControlJob).Ne(seen))
				f.Drop(f.CallI32(b.sleep("sleep_for_job", ControlJob, -1), seen))
				f.Br(sleep)
			})
		})
		// A lane that had no part in the last job may come here while the next is written.
		f.Loop(func(reread asm.Label) {
			now.Set(zero.AtomicLoad(ControlJob))
			f.BrIf(reread, now.And(asm.C(1)))
			program.Set(zero.AtomicLoad(ControlProgram))
			lanes.Set(zero.AtomicLoad(ControlLanes))
			f.BrIf(reread, zero.AtomicLoad(ControlJob).Ne(now))
		})
		seen.Set(now)
		f.If(program.Eqz(), func() { f.Return(asm.C(int(StatusOK))) })
		f.BrIf(again, lane.GeU(lanes))
		status.Set(f.CallI32(run, program, lane, lanes))
		f.BrIf(again, status.Eqz())
	})
	f.Return(status)
	b.Export("lane_loop", f)
}

// Trampoline emits the module by which Go, compiled for js, reaches functions of an
// instance that is made after Go's: Go's wasm imports call0, call1, call2 and call3
// from it, which call the function that the page has put into slot fn of its exported
// table.
//
//	call0(fn i32) i32 … call3(fn, a, b, c i32) i32    table[fn](a, b, c)
//
// The table is for functions whose arguments and result are i32; one with another type
// traps.
func Trampoline() []byte {
	m := asm.NewModule()
	m.Table(asm.Limits{Min: TrampolineSlots})
	m.ExportTable("table")
	for n, name := range []string{"call0", "call1", "call2", "call3"} {
		f := m.Func(name)
		slot := f.ParamI32()
		var sig asm.Signature
		var args []asm.Value
		for range n {
			sig.Params = append(sig.Params, asm.TypeI32)
			args = append(args, f.ParamI32())
		}
		sig.Results = []asm.Type{asm.TypeI32}
		f.Returns(asm.TypeI32)
		f.Return(f.CallIndirectI32(sig, slot, args...))
		m.Export(name, f)
	}
	return m.Encode()
}
