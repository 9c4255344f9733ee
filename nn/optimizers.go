package nn

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// The optimizers of this file treat each number for itself, so that a step is one op over all of them.

// SGD is gradient descent: w -= ηg, with a velocity v = μv - ηg where Momentum is not 0.
type SGD struct {
	LearningRate float64  `arg:"learning_rate" default:"0.01" min:"0" doc:"Learning rate η."`
	Schedule     Schedule `or:"learning_rate"`
	Momentum     float64  `arg:"momentum" min:"0" max:"1" doc:"Share μ of the last velocity that is kept."`
	Nesterov     bool     `arg:"nesterov" doc:"Whether the gradient is taken one velocity ahead."`
	WeightDecay  float64  `arg:"weight_decay" null:"0" min:"0" doc:"The share of each weight that a step at learning rate 1 takes off it."`
	OptimizerOptions
}

// RMSprop divides the gradient by the root of its recent mean square.
type RMSprop struct {
	LearningRate float64  `arg:"learning_rate" default:"0.001" min:"0" doc:"Learning rate η."`
	Schedule     Schedule `or:"learning_rate"`
	Rho          float64  `arg:"rho" default:"0.9" min:"0" max:"1" doc:"Share ρ of the mean square that is kept."`
	Momentum     float64  `arg:"momentum" min:"0" max:"1" doc:"Share μ of the last velocity that is kept."`
	Epsilon      float64  `arg:"epsilon" default:"1e-7" min:"0" doc:"Added inside the root."`
	Centered     bool     `arg:"centered" doc:"Whether the gradient's variance takes the place of its mean square."`
	WeightDecay  float64  `arg:"weight_decay" null:"0" min:"0" doc:"The share of each weight that a step at learning rate 1 takes off it."`
	OptimizerOptions
}

// Adagrad divides the gradient by the root of the sum of its squares (Duchi et al. 2011).
type Adagrad struct {
	LearningRate float64  `arg:"learning_rate" default:"0.001" min:"0" doc:"Learning rate η."`
	Schedule     Schedule `or:"learning_rate"`
	Initial      float64  `arg:"initial_accumulator_value" default:"0.1" min:"0" doc:"What the sum begins at."`
	Epsilon      float64  `arg:"epsilon" default:"1e-7" min:"0" doc:"Added inside the root."`
	WeightDecay  float64  `arg:"weight_decay" null:"0" min:"0" doc:"The share of each weight that a step at learning rate 1 takes off it."`
	OptimizerOptions
}

// Adadelta needs no scale of its own: it divides the recent size of its steps by that of the gradient
// (Zeiler 2012). LearningRate 1 is the paper's.
type Adadelta struct {
	LearningRate float64  `arg:"learning_rate" default:"0.001" min:"0" doc:"Learning rate η."`
	Schedule     Schedule `or:"learning_rate"`
	Rho          float64  `arg:"rho" default:"0.95" min:"0" max:"1" doc:"Share ρ of the mean squares that is kept."`
	Epsilon      float64  `arg:"epsilon" default:"1e-7" min:"0" doc:"Added inside the roots."`
	WeightDecay  float64  `arg:"weight_decay" null:"0" min:"0" doc:"The share of each weight that a step at learning rate 1 takes off it."`
	OptimizerOptions
}

// Adam keeps the mean and the mean square of the gradient (Kingma and Ba 2014).
type Adam struct {
	LearningRate float64  `arg:"learning_rate" default:"0.001" min:"0" doc:"Learning rate η."`
	Schedule     Schedule `or:"learning_rate"`
	Beta1        float64  `arg:"beta_1" default:"0.9" min:"0" below:"1" doc:"Share β₁ of the mean that is kept."`
	Beta2        float64  `arg:"beta_2" default:"0.999" min:"0" below:"1" doc:"Share β₂ of the mean square that is kept."`
	Epsilon      float64  `arg:"epsilon" default:"1e-7" min:"0" doc:"Added to the root."`
	AMSGrad      bool     `arg:"amsgrad" doc:"Whether the largest mean square so far is used (Reddi et al. 2018)."`
	WeightDecay  float64  `arg:"weight_decay" null:"0" min:"0" doc:"The share of each weight that a step at learning rate 1 takes off it."`
	OptimizerOptions
}

// AdamW is Adam with weights that decay (Loshchilov and Hutter 2019).
type AdamW struct {
	LearningRate float64  `arg:"learning_rate" default:"0.001" min:"0" doc:"Learning rate η."`
	Schedule     Schedule `or:"learning_rate"`
	Beta1        float64  `arg:"beta_1" default:"0.9" min:"0" below:"1" doc:"Share β₁ of the mean that is kept."`
	Beta2        float64  `arg:"beta_2" default:"0.999" min:"0" below:"1" doc:"Share β₂ of the mean square that is kept."`
	Epsilon      float64  `arg:"epsilon" default:"1e-7" min:"0" doc:"Added to the root."`
	AMSGrad      bool     `arg:"amsgrad" doc:"Whether the largest mean square so far is used (Reddi et al. 2018)."`
	WeightDecay  float64  `arg:"weight_decay" default:"0.004" min:"0" doc:"The share of each weight that a step at learning rate 1 takes off it."`
	OptimizerOptions
}

// Adamax is Adam with the largest recent size of the gradient in the place of the root (Kingma and Ba 2014).
type Adamax struct {
	LearningRate float64  `arg:"learning_rate" default:"0.001" min:"0" doc:"Learning rate η."`
	Schedule     Schedule `or:"learning_rate"`
	Beta1        float64  `arg:"beta_1" default:"0.9" min:"0" below:"1" doc:"Share β₁ of the mean that is kept."`
	Beta2        float64  `arg:"beta_2" default:"0.999" min:"0" below:"1" doc:"Share β₂ of the largest size that is kept."`
	Epsilon      float64  `arg:"epsilon" default:"1e-7" min:"0" doc:"Added to the largest size."`
	WeightDecay  float64  `arg:"weight_decay" null:"0" min:"0" doc:"The share of each weight that a step at learning rate 1 takes off it."`
	OptimizerOptions
}

// Nadam is Adam with Nesterov's momentum (Dozat 2016).
type Nadam struct {
	LearningRate float64  `arg:"learning_rate" default:"0.001" min:"0" doc:"Learning rate η."`
	Schedule     Schedule `or:"learning_rate"`
	Beta1        float64  `arg:"beta_1" default:"0.9" min:"0" below:"1" doc:"Share β₁ of the mean that is kept."`
	Beta2        float64  `arg:"beta_2" default:"0.999" min:"0" below:"1" doc:"Share β₂ of the mean square that is kept."`
	Epsilon      float64  `arg:"epsilon" default:"1e-7" min:"0" doc:"Added to the root."`
	WeightDecay  float64  `arg:"weight_decay" null:"0" min:"0" doc:"The share of each weight that a step at learning rate 1 takes off it."`
	OptimizerOptions
}

// Ftrl follows the regularized leader: w is what would have been best for the gradients so far, little of it
// other than 0 where L1 is large (McMahan et al. 2013). What weights begin at is forgotten in the first step.
type Ftrl struct {
	LearningRate float64  `arg:"learning_rate" default:"0.001" min:"0" doc:"Learning rate η."`
	Schedule     Schedule `or:"learning_rate"`
	Power        float64  `arg:"learning_rate_power" default:"-0.5" max:"0" doc:"The power -p by which the learning rate falls with the sum of squares; 0 for a constant one."`
	Initial      float64  `arg:"initial_accumulator_value" default:"0.1" min:"0" doc:"What the sum of squares begins at."`
	L1           float64  `arg:"l1_regularization_strength" min:"0" doc:"λ₁, which makes weights 0."`
	L2           float64  `arg:"l2_regularization_strength" min:"0" doc:"λ₂, which makes steps shorter."`
	Shrinkage    float64  `arg:"l2_shrinkage_regularization_strength" min:"0" doc:"The factor of a penalty on the squares of the weights."`
	Beta         float64  `arg:"beta" min:"0" doc:"β, which makes the first steps shorter."`
	WeightDecay  float64  `arg:"weight_decay" null:"0" min:"0" doc:"The share of each weight that a step at learning rate 1 takes off it."`
	OptimizerOptions
}

// Lion takes steps of one size, in the direction of the sign of a mean of the gradient (Chen et al. 2023).
type Lion struct {
	LearningRate float64  `arg:"learning_rate" default:"0.001" min:"0" doc:"Learning rate η."`
	Schedule     Schedule `or:"learning_rate"`
	Beta1        float64  `arg:"beta_1" default:"0.9" above:"0" max:"1" doc:"Share β₁ of the mean that the sign is taken of."`
	Beta2        float64  `arg:"beta_2" default:"0.99" min:"0" max:"1" doc:"Share β₂ of the mean that is kept."`
	WeightDecay  float64  `arg:"weight_decay" null:"0" min:"0" doc:"The share of each weight that a step at learning rate 1 takes off it."`
	OptimizerOptions
}

// Settings are the learning rate and the options.
func (o SGD) Settings() Settings { return Settings{o.LearningRate, o.Schedule, o.OptimizerOptions} }

// Settings are the learning rate and the options.
func (o RMSprop) Settings() Settings { return Settings{o.LearningRate, o.Schedule, o.OptimizerOptions} }

// Settings are the learning rate and the options.
func (o Adagrad) Settings() Settings { return Settings{o.LearningRate, o.Schedule, o.OptimizerOptions} }

// Settings are the learning rate and the options.
func (o Adadelta) Settings() Settings {
	return Settings{o.LearningRate, o.Schedule, o.OptimizerOptions}
}

// Settings are the learning rate and the options.
func (o Adam) Settings() Settings { return Settings{o.LearningRate, o.Schedule, o.OptimizerOptions} }

// Settings are the learning rate and the options.
func (o AdamW) Settings() Settings { return Settings{o.LearningRate, o.Schedule, o.OptimizerOptions} }

// Settings are the learning rate and the options.
func (o Adamax) Settings() Settings { return Settings{o.LearningRate, o.Schedule, o.OptimizerOptions} }

// Settings are the learning rate and the options.
func (o Nadam) Settings() Settings { return Settings{o.LearningRate, o.Schedule, o.OptimizerOptions} }

// Settings are the learning rate and the options.
func (o Ftrl) Settings() Settings { return Settings{o.LearningRate, o.Schedule, o.OptimizerOptions} }

// Settings are the learning rate and the options.
func (o Lion) Settings() Settings { return Settings{o.LearningRate, o.Schedule, o.OptimizerOptions} }

// Method is RuleSGD, RuleMomentum or RuleNesterov.
func (o SGD) Method(string, prog.Shape) Method {
	a := prog.UpdateAttr{Rule: prog.RuleSGD, Momentum: o.Momentum}
	switch {
	case o.Momentum == 0:
	case o.Nesterov:
		a.Rule = prog.RuleNesterov
	default:
		a.Rule = prog.RuleMomentum
	}
	return byRule(a, o.WeightDecay, nil)
}

// Method is RuleRMSprop, RuleRMSpropMomentum or RuleRMSpropCentered.
func (o RMSprop) Method(string, prog.Shape) Method {
	a := prog.UpdateAttr{Rule: prog.RuleRMSprop, Rho: o.Rho, Momentum: o.Momentum, Epsilon: o.Epsilon}
	if o.Momentum != 0 {
		a.Rule = prog.RuleRMSpropMomentum
	}
	if o.Centered {
		a.Rule = prog.RuleRMSpropCentered
	}
	return byRule(a, o.WeightDecay, nil)
}

// Method is RuleAdagrad.
func (o Adagrad) Method(string, prog.Shape) Method {
	return byRule(prog.UpdateAttr{Rule: prog.RuleAdagrad, Epsilon: o.Epsilon}, o.WeightDecay, nil, o.Initial)
}

// Method is RuleAdadelta.
func (o Adadelta) Method(string, prog.Shape) Method {
	return byRule(prog.UpdateAttr{Rule: prog.RuleAdadelta, Rho: o.Rho, Epsilon: o.Epsilon}, o.WeightDecay, nil)
}

// Method is RuleAdam or RuleAMSGrad, with the bias correction √(1-β₂ᵗ)/(1-β₁ᵗ) in the learning rate.
func (o Adam) Method(string, prog.Shape) Method {
	a := prog.UpdateAttr{Rule: prog.RuleAdam, Beta1: o.Beta1, Beta2: o.Beta2, Epsilon: o.Epsilon}
	if o.AMSGrad {
		a.Rule = prog.RuleAMSGrad
	}
	return byRule(a, o.WeightDecay, func(rate float64, t uint64) prog.Hyper {
		return prog.Hyper{Rate: rate * math.Sqrt(1-power(o.Beta2, t)) / (1 - power(o.Beta1, t))}
	})
}

// Method is Adam's.
func (o AdamW) Method(name string, shape prog.Shape) Method {
	return Adam{Beta1: o.Beta1, Beta2: o.Beta2, Epsilon: o.Epsilon, AMSGrad: o.AMSGrad, WeightDecay: o.WeightDecay}.Method(name, shape)
}

// Method is RuleAdamax, with the bias correction 1/(1-β₁ᵗ) in the learning rate.
func (o Adamax) Method(string, prog.Shape) Method {
	a := prog.UpdateAttr{Rule: prog.RuleAdamax, Beta1: o.Beta1, Beta2: o.Beta2, Epsilon: o.Epsilon}
	return byRule(a, o.WeightDecay, func(rate float64, t uint64) prog.Hyper {
		return prog.Hyper{Rate: rate / (1 - power(o.Beta1, t))}
	})
}

// Method is RuleNadam. With uᵢ = β₁(1 - 0.96ⁱ/2) and P = u₁·...·uₜ, Keras's step is
// w -= η(uₜ₊₁m/(1-Puₜ₊₁) + (1-uₜ)g/(1-P)) / (√(v/(1-β₂ᵗ)) + ε); numerator and denominator are multiplied by
// √(1-β₂ᵗ).
func (o Nadam) Method(string, prog.Shape) Method {
	a := prog.UpdateAttr{Rule: prog.RuleNadam, Beta1: o.Beta1, Beta2: o.Beta2}
	return byRule(a, o.WeightDecay, func(rate float64, t uint64) prog.Hyper {
		u := func(decay float64) float64 { return o.Beta1 * (1 - 0.5*decay) }
		product, decay := 1.0, 1.0
		for i := uint64(0); i < t && product > 0x1p-60; i++ { // beyond that 1 - product is 1
			decay *= 0.96
			product *= u(decay)
		}
		now, next := u(power(0.96, t)), u(power(0.96, t+1))
		root := math.Sqrt(1 - power(o.Beta2, t))
		return prog.Hyper{
			Rate: rate * next / (1 - float64(product*next)) * root,
			A:    rate * (1 - now) / (1 - product) * root,
			B:    o.Epsilon * root,
		}
	})
}

// Method is RuleFtrl.
func (o Ftrl) Method(string, prog.Shape) Method {
	a := prog.UpdateAttr{Rule: prog.RuleFtrl, Power: o.Power, L1: o.L1, Shrink: 2 * o.Shrinkage}
	return byRule(a, o.WeightDecay, func(rate float64, _ uint64) prog.Hyper {
		return prog.Hyper{A: 1 / rate, B: 2*o.L2 + o.Beta/rate}
	}, o.Initial)
}

// Method is RuleLion.
func (o Lion) Method(string, prog.Shape) Method {
	return byRule(prog.UpdateAttr{Rule: prog.RuleLion, Beta1: o.Beta1, Beta2: o.Beta2}, o.WeightDecay, nil)
}
