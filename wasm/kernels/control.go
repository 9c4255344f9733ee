package kernels

// The control block: the words at the start of the memory by which lanes meet.
// Zero is its initial state. Words that different lanes spin on lie in different
// cache lines, of 128 bytes since neighbours are fetched in pairs.
const (
	// ControlArrived counts the lanes that have come to the present barrier.
	ControlArrived = 128
	// ControlEpoch counts the barriers passed, and is what lanes wait on.
	ControlEpoch = 256
	// ControlSleepers counts the lanes that sleep on ControlEpoch.
	ControlSleepers = 384
	// ControlStatus holds the Status of a failure, for all lanes to see. The host may
	// store StatusLaneLost here, too, when it knows that a lane has died.
	ControlStatus = 512
	// ControlPatience is how long a lane waits at a barrier before it gives the others
	// up, in steps of 100 ms of sleep; 0 means DefaultPatience.
	ControlPatience = 516
	// ControlLooks is how often a lane looks at a word before it goes to sleep on it at a barrier; 0 means
	// DefaultLooks. A helper looks 16 times as often for the next job. It is for the host to set where
	// lanes share cores, and one that looks keeps another from computing: to FewLooks.
	ControlLooks = 520
	// ControlJob counts the jobs posted, times two; it is odd while one is being
	// written. Helpers sleep on it.
	ControlJob = 640
	// ControlProgram is the address of the job's program, 0 for the order to stop.
	ControlProgram = 644
	// ControlLanes is how many lanes the job wants.
	ControlLanes = 648
	// ControlReady counts the helpers that have entered lane_loop. Lane 0 may start a
	// program on n lanes once it is n-1.
	ControlReady = 768

	// HeapBase is the first address that belongs to the caller.
	HeapBase = 1024

	// DefaultPatience is 20 s.
	DefaultPatience = 200

	// DefaultLooks is about 0.25 ms on x86-64, where a look takes a cycle. Waking a lane takes 25 to 75 us, and more where
	// the system wakes it on the core of the one that waits for it, so that small ops were no faster on two lanes.
	DefaultLooks = 1 << 20
	// FewLooks is for lanes that share cores.
	FewLooks = 1 << 10
)

// TrampolineSlots is the size of the trampoline's table; see Trampoline.
const TrampolineSlots = 16
