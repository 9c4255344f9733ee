package kernels

// Opcodes of this file.
const (
	OpUpdate Opcode = baseOptimizer + iota
)

// A Rule is how an optimizer moves a parameter w along its gradient g at learning rate η, with
// state s, t, u.
type Rule uint32

// The rules, all as Keras 3 has them.
const (
	SGD             Rule = iota // w -= ηg
	Momentum                    // s = μs - ηg; w += s
	Nesterov                    // s = μs - ηg; w += μs - ηg
	RMSprop                     // s = ρs + (1-ρ)g²; w -= ηg/√(s+ε)
	RMSpropMomentum             // s = ρs + (1-ρ)g²; t = μt + ηg/√(s+ε); w -= t
	RMSpropCentered             // s = ρs + (1-ρ)g²; u = ρu + (1-ρ)g; t = μt + ηg/√(s-u²+ε); w -= t
	Adagrad                     // s += g²; w -= ηg/√(s+ε)
	Adadelta                    // s = ρs + (1-ρ)g²; δ = √((t+ε)/(s+ε))·g; t = ρt + (1-ρ)δ²; w -= ηδ
	Adam                        // s += (1-β1)(g-s); t += (1-β2)(g²-t); w -= ηs/(√t+ε)
	AMSGrad                     // Adam with u = max(u, t) in place of t in the root
	Adamax                      // s += (1-β1)(g-s); t = max(β2·t, |g|); w -= ηs/(t+ε)
	Nadam                       // s += (1-β1)(g-s); t += (1-β2)(g²-t); w -= (ηs + αg)/(√t+β)
	Ftrl                        // FtrlPower with p = -1/2
	Lion                        // w -= η·sign(s + (1-β1)(g-s)); s += (1-β2)(g-s)
	FtrlPower                   // t += g + σw - α(n^-p - s^-p)w with n = s + g²; s = n; w = (min(max(t, -λ), λ) - t) / (α·s^-p + β)
	numRules
)

// Update is: for i := range N { W[i], S[i], T[i], U[i] = Rule(W[i] - δW[i], γG[i], S[i], T[i], U[i]) }. Hyper
// is the address of η, δ, γ, α, β.
type Update struct {
	Rule                         Rule
	N, Hyper, W, G, S, T, U      uint32
	Momentum                     float32 // μ
	Rho, OneMinusRho             float32 // ρ, 1-ρ
	OneMinusBeta1, OneMinusBeta2 float32 // 1-β1, 1-β2
	Epsilon                      float32 // ε
	Power, L1, Shrink            float32 // p, λ, σ
}

// Op returns OpUpdate.
func (Update) Op() Opcode { return OpUpdate }

// Words returns the argument words.
func (a Update) Words() []uint32 {
	return []uint32{
		uint32(a.Rule), a.N, a.Hyper, a.W, a.G, a.S, a.T, a.U, f32(a.Momentum),
		f32(a.Rho), f32(a.OneMinusRho), f32(a.OneMinusBeta1), f32(a.OneMinusBeta2), f32(a.Epsilon),
		f32(a.Power), f32(a.L1), f32(a.Shrink),
	}
}
