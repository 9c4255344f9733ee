package nn

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// An Optimizer moves parameters along their gradients. It is data: the arithmetic is one Update op
// over all parameters, by the rule it names (prog.Rule has the formulae).
type Optimizer interface {
	// Update is the rule and its constants.
	Update() prog.UpdateAttr
	// Rate is the learning rate it begins with.
	Rate() float64
	// Scale is what the learning rate is multiplied by at step t = 1, 2, ...: Adam's bias correction.
	Scale(t uint64) float64
	// SlotStart is what each element of the rule's slots begins at.
	SlotStart() float64
}

// SGD is gradient descent: w -= ηg, with a velocity v = μv - ηg where Momentum is not 0.
type SGD struct {
	LearningRate float64 `arg:"learning_rate" default:"0.01" min:"0" doc:"Learning rate η."`
	Momentum     float64 `arg:"momentum" min:"0" max:"1" doc:"Share μ of the last velocity that is kept."`
	Nesterov     bool    `arg:"nesterov" doc:"Whether the gradient is taken one velocity ahead."`
}

// RMSprop divides the gradient by the root of its recent mean square.
type RMSprop struct {
	LearningRate float64 `arg:"learning_rate" default:"0.001" min:"0" doc:"Learning rate η."`
	Rho          float64 `arg:"rho" default:"0.9" min:"0" max:"1" doc:"Share ρ of the mean square that is kept."`
	Momentum     float64 `arg:"momentum" min:"0" max:"1" doc:"Share μ of the last velocity that is kept."`
	Epsilon      float64 `arg:"epsilon" default:"1e-7" min:"0" doc:"Added inside the root."`
	Centered     bool    `arg:"centered" doc:"Whether the gradient's variance takes the place of its mean square."`
}

// Adagrad divides the gradient by the root of the sum of its squares (Duchi et al. 2011).
type Adagrad struct {
	LearningRate float64 `arg:"learning_rate" default:"0.001" min:"0" doc:"Learning rate η."`
	Initial      float64 `arg:"initial_accumulator_value" default:"0.1" min:"0" doc:"What the sum begins at."`
	Epsilon      float64 `arg:"epsilon" default:"1e-7" min:"0" doc:"Added inside the root."`
}

// Adadelta needs no scale of its own: it divides the recent size of its steps by that of the gradient
// (Zeiler 2012). LearningRate 1 is the paper's.
type Adadelta struct {
	LearningRate float64 `arg:"learning_rate" default:"0.001" min:"0" doc:"Learning rate η."`
	Rho          float64 `arg:"rho" default:"0.95" min:"0" max:"1" doc:"Share ρ of the mean squares that is kept."`
	Epsilon      float64 `arg:"epsilon" default:"1e-7" min:"0" doc:"Added inside the roots."`
}

// Adam keeps the mean and the mean square of the gradient (Kingma and Ba 2014).
type Adam struct {
	LearningRate float64 `arg:"learning_rate" default:"0.001" min:"0" doc:"Learning rate η."`
	Beta1        float64 `arg:"beta_1" default:"0.9" min:"0" below:"1" doc:"Share β₁ of the mean that is kept."`
	Beta2        float64 `arg:"beta_2" default:"0.999" min:"0" below:"1" doc:"Share β₂ of the mean square that is kept."`
	Epsilon      float64 `arg:"epsilon" default:"1e-7" min:"0" doc:"Added to the root."`
	AMSGrad      bool    `arg:"amsgrad" doc:"Whether the largest mean square so far is used (Reddi et al. 2018)."`
}

// Update is RuleSGD, RuleMomentum or RuleNesterov.
func (o SGD) Update() prog.UpdateAttr {
	switch {
	case o.Momentum == 0:
		return prog.UpdateAttr{Rule: prog.RuleSGD}
	case o.Nesterov:
		return prog.UpdateAttr{Rule: prog.RuleNesterov, Momentum: o.Momentum}
	}
	return prog.UpdateAttr{Rule: prog.RuleMomentum, Momentum: o.Momentum}
}

// Update is RuleRMSprop, RuleRMSpropMomentum or RuleRMSpropCentered.
func (o RMSprop) Update() prog.UpdateAttr {
	a := prog.UpdateAttr{Rule: prog.RuleRMSprop, Rho: o.Rho, Momentum: o.Momentum, Epsilon: o.Epsilon}
	if o.Momentum != 0 {
		a.Rule = prog.RuleRMSpropMomentum
	}
	if o.Centered {
		a.Rule = prog.RuleRMSpropCentered
	}
	return a
}

// Update is RuleAdagrad.
func (o Adagrad) Update() prog.UpdateAttr {
	return prog.UpdateAttr{Rule: prog.RuleAdagrad, Epsilon: o.Epsilon}
}

// Update is RuleAdadelta.
func (o Adadelta) Update() prog.UpdateAttr {
	return prog.UpdateAttr{Rule: prog.RuleAdadelta, Rho: o.Rho, Epsilon: o.Epsilon}
}

// Update is RuleAdam or RuleAMSGrad.
func (o Adam) Update() prog.UpdateAttr {
	a := prog.UpdateAttr{Rule: prog.RuleAdam, Beta1: o.Beta1, Beta2: o.Beta2, Epsilon: o.Epsilon}
	if o.AMSGrad {
		a.Rule = prog.RuleAMSGrad
	}
	return a
}

// Rate is LearningRate.
func (o SGD) Rate() float64 { return o.LearningRate }

// Rate is LearningRate.
func (o RMSprop) Rate() float64 { return o.LearningRate }

// Rate is LearningRate.
func (o Adagrad) Rate() float64 { return o.LearningRate }

// Rate is LearningRate.
func (o Adadelta) Rate() float64 { return o.LearningRate }

// Rate is LearningRate.
func (o Adam) Rate() float64 { return o.LearningRate }

// Scale is 1.
func (o SGD) Scale(uint64) float64 { return 1 }

// Scale is 1.
func (o RMSprop) Scale(uint64) float64 { return 1 }

// Scale is 1.
func (o Adagrad) Scale(uint64) float64 { return 1 }

// Scale is 1.
func (o Adadelta) Scale(uint64) float64 { return 1 }

// Scale is the bias correction √(1-β₂ᵗ)/(1-β₁ᵗ).
func (o Adam) Scale(t uint64) float64 {
	return math.Sqrt(1-power(o.Beta2, t)) / (1 - power(o.Beta1, t))
}

// power is x to the n by repeated squaring: unlike math.Pow the same bits on every platform.
func power(x float64, n uint64) float64 {
	y := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			y *= x
		}
		x *= x
	}
	return y
}

// SlotStart is 0.
func (o SGD) SlotStart() float64 { return 0 }

// SlotStart is 0.
func (o RMSprop) SlotStart() float64 { return 0 }

// SlotStart is Initial.
func (o Adagrad) SlotStart() float64 { return o.Initial }

// SlotStart is 0.
func (o Adadelta) SlotStart() float64 { return 0 }

// SlotStart is 0.
func (o Adam) SlotStart() float64 { return 0 }
