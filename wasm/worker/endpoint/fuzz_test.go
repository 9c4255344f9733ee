package endpoint_test

import (
	"encoding/json"
	"hash/crc32"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/wasm/worker/endpoint"
)

func crc(b []byte) uint32 { return crc32.ChecksumIEEE(b) }

// FuzzPredict: no body of any kind makes anything but an answer or a refusal, and what is answered is
// what encoding/json reads, too.
func FuzzPredict(f *testing.F) {
	for _, s := range []string{
		`{"instances":[[1,2,3]]}`, `{"instances":[[1e-3,-0,3.5E2],[0,0,0]],"signature_name":"a"}`, `{"instances":[[[1],[2],[3]]]}`,
		`{"instances":[[[]],[1]]}`, `{"instances":[1,[2]]}`, `{"signature_name":"\u00e9"}`, "\x89PNG\r\n\x1a\n", "",
	} {
		for kind := range uint8(3) {
			f.Add([]byte(s), kind, "1,3", "float32", "digit")
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, kind uint8, shape, dtype, center string) {
		_, h := served(t, endpoint.Options{}, nn.Input(3), nn.Dense{Units: 2, Activation: nn.Softmax})
		path := "/v1/predict"
		if center == "digit" && kind > 127 {
			path += "?center=digit"
		}
		kinds := []string{asJSON, "application/octet-stream", "image/png"}
		a := ask(t, h, "POST", path, body, "Content-Type", kinds[kind%3], "X-Tensor-Shape", shape, "X-Tensor-Type", dtype)
		if a.status >= 500 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if a.status == 200 && kind%3 == 0 {
			var v struct{ Instances []any }
			if err := json.Unmarshal(body, &v); err != nil || len(v.Instances) != len(a.Predictions) {
				t.Fatalf("%q was answered with %s (%v)", body, a.body, err)
			}
		}
	})
}
