package endpoint

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// A problem is why a request is refused: an HTTP status, a word for programs, and a sentence for people.
type problem struct {
	Status  int    `json:"status"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (p *problem) Error() string { return p.Message }

func refuse(status int, code, format string, args ...any) *problem {
	return &problem{status, code, fmt.Sprintf(format, args...)}
}

// Codes of problems.
const (
	codeJSON         = "bad_json"
	codeBody         = "bad_body"
	codeImage        = "bad_image"
	codeHeader       = "bad_header"
	codeUnauthorized = "unauthorized"
	codeNotFound     = "not_found"
	codeMethod       = "method_not_allowed"
	codeTooLarge     = "too_large"
	codeMediaType    = "unsupported_media_type"
	codeShape        = "shape_mismatch"
	codeValue        = "bad_value"
	codeLimited      = "rate_limited"
	codeInternal     = "internal"
)

// write answers with {"error": {"status", "code", "message"}}.
func (p *problem) write(w http.ResponseWriter) {
	b, err := json.Marshal(map[string]*problem{"error": p})
	if err != nil {
		panic(err) // two strings and a number always marshal
	}
	writeJSON(w, p.Status, b)
}
