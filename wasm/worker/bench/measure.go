package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/tabgrad/tabgrad/wasm/worker/workerd"
)

// clients are those that ask at once.
const clients = 8

// client keeps a connection for each of them: what is measured is not how connections are made.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}

// measure prints what there is to know about a Worker, and is its answer to the digit that all are asked about.
func (b *bench) measure(ctx context.Context, o workerd.Options) ([]byte, error) {
	o.Modules = b.modules
	var log bytes.Buffer // also what tfjs says of its speed, which nobody wants
	o.Log = &log
	image := make([]byte, 28*28)
	for i := range image {
		image[i] = byte(i * i)
	}
	var cold []time.Duration
	var answer []byte
	for range b.starts {
		begun := time.Now()
		s, err := workerd.Start(ctx, o)
		if err != nil {
			return nil, err
		}
		answer, err = post(s.URL, image)
		cold = append(cold, time.Since(begun))
		s.Stop()
		if err != nil {
			return nil, fmt.Errorf("%w\n%s", err, log.Bytes())
		}
	}
	slices.Sort(cold)
	fmt.Printf("  cold start  %s (%s to %s)\n", ms(cold[len(cold)/2]), ms(cold[0]), ms(cold[len(cold)-1]))

	s, err := workerd.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	return answer, b.warm(s, image)
}

// warm measures one client, and several at once, and memory. What the process takes grows by what requests leave to
// V8's garbage collector, which is in no hurry: in an empty Worker too.
func (b *bench) warm(s *workerd.Server, image []byte) error {
	if _, err := post(s.URL, image); err != nil {
		return err
	}
	first := resident(s.PID)
	for _, n := range []int{1, clients} {
		if _, err := b.ask(s.URL, image, n, b.requests/5); err != nil { // V8 compiles well what is called often
			return err
		}
		begun := time.Now()
		times, err := b.ask(s.URL, image, n, b.requests)
		if err != nil {
			return err
		}
		took := time.Since(begun)
		fmt.Printf("  clients: %d  p50 %s, p99 %s, %.0f requests/s (%d requests)\n",
			n, ms(times[len(times)/2]), ms(times[len(times)*99/100]), float64(len(times))/took.Seconds(), len(times))
	}
	own, err := instance(s.URL)
	if err != nil {
		return err
	}
	fmt.Printf("  memory      process %.0f MB at the first answer, %.0f MB after all of these", first/1e6, resident(s.PID)/1e6)
	if own > 0 {
		fmt.Printf("; of it Go's and the kernels' memories %.1f MB", own/1e6)
	}
	fmt.Println()
	return nil
}

// ask sends up to count requests, n at once, and returns their times from the shortest to the longest.
func (b *bench) ask(url string, image []byte, n, count int) ([]time.Duration, error) {
	times, errs := make([][]time.Duration, n), make([]error, n)
	end := time.Now().Add(time.Duration(b.seconds * float64(time.Second)))
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			for range max(1, count/n) {
				begun := time.Now()
				if _, errs[i] = post(url, image); errs[i] != nil {
					return
				}
				times[i] = append(times[i], time.Since(begun))
				if time.Now().After(end) {
					return
				}
			}
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	all := slices.Concat(times...)
	slices.Sort(all)
	return all, nil
}

func post(url string, body []byte) ([]byte, error) {
	answer, err := client.Post(url+"/v1/predict", "application/octet-stream", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, text)
	}
	return text, err
}

// agree says where two answers don't say the same: then not the same was measured.
func agree(got, want []byte) error {
	var rows [2][]float64
	for i, text := range [][]byte{got, want} {
		var p struct {
			Predictions []struct{ Probabilities []float64 }
		}
		if err := json.Unmarshal(text, &p); err != nil || len(p.Predictions) != 1 {
			return fmt.Errorf("%s, wanted one prediction: %w", text, err)
		}
		rows[i] = p.Predictions[0].Probabilities
	}
	if len(rows[0]) != len(rows[1]) {
		return fmt.Errorf("%d probabilities, wanted %d", len(rows[0]), len(rows[1]))
	}
	for i, v := range rows[0] {
		if math.Abs(v-rows[1][i]) > 1e-5 {
			return fmt.Errorf("probability %d is %v, tabgrad's is %v", i, v, rows[1][i])
		}
	}
	return nil
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000) }
