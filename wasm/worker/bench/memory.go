package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// resident is what a process has of the machine's memory, in bytes, where the system tells; else 0.
func resident(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kb, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return 0
	}
	return kb * 1024
}

// instance is what an instance of ours takes, Go's memory and the kernels', as it says itself; 0 of another Worker.
func instance(url string) (float64, error) {
	answer, err := client.Get(url + "/healthz")
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	var health struct {
		Memory float64 `json:"memory_bytes"`
	}
	if answer.StatusCode != http.StatusOK {
		return 0, nil
	}
	err = json.NewDecoder(answer.Body).Decode(&health)
	return health.Memory, err
}
