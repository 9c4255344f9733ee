// Package backendtest holds the conformance suite that every backend passes, and the programs it
// runs: tables of cases for each op, random programs, and the seed CNN. It is for tests only.
//
// Start reading at [Run]. The reference is package nn/cpu in float64, computed from the same
// float32 inputs; a backend's float32 result may differ from it by a tolerance that grows with the
// length of the sum behind each element.
package backendtest
