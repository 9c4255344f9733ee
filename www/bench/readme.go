package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// README.md holds the table between these two lines.
const (
	tableBegins = "<!-- written by go run ./www/bench from www/bench/results.json -->"
	tableEnds   = "<!-- end of what www/bench writes -->"
)

// updateReadme puts the table of results.json into README.md.
func updateReadme(root string) error {
	r, err := readResults(root)
	if err != nil {
		return err
	}
	path := filepath.Join(root, "README.md")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	replaced, err := replaceTable(string(text), r.markdown())
	if err != nil {
		return err
	}
	if replaced == string(text) {
		return nil
	}
	return os.WriteFile(path, []byte(replaced), 0o644)
}

// replaceTable puts a table between the two lines of a text.
func replaceTable(text, table string) (string, error) {
	before, rest, begins := strings.Cut(text, tableBegins+"\n")
	_, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		return "", fmt.Errorf("README.md lacks the lines %q and %q, between which the table of speeds belongs", tableBegins, tableEnds)
	}
	return before + tableBegins + "\n" + table + tableEnds + after, nil
}

// markdown is the table, a line a workload and a column a system, with what systems can't do below.
func (r *results) markdown() string {
	systems := slices.DeleteFunc(slices.Clone(r.Systems), func(s system) bool {
		return !slices.ContainsFunc(r.Rows, func(k row) bool { return k.System == s.ID })
	})
	var text strings.Builder
	text.WriteString(r.caption() + "\n\n| milliseconds |")
	for _, s := range systems {
		text.WriteString(" " + s.Name + " |")
	}
	text.WriteString("\n| --- |" + strings.Repeat(" --- |", len(systems)) + "\n")
	var notes []string // by their number, from 1
	for _, w := range r.Workloads {
		text.WriteString("| " + w.Name + " |")
		for _, s := range systems {
			text.WriteString(" " + r.cell(w.ID, s.ID, &notes) + " |")
		}
		text.WriteString("\n")
	}
	for i, note := range notes {
		if i == 0 {
			text.WriteString("\n")
		} else {
			text.WriteString("; ")
		}
		fmt.Fprintf(&text, "%s %s", superscript(i+1), note)
	}
	if len(notes) > 0 {
		text.WriteString(".\n")
	}
	return text.String()
}

// cell is a median, or what hinders one.
func (r *results) cell(workload, system string, notes *[]string) string {
	k := r.find(workload, system)
	switch {
	case k == nil:
		return ""
	case len(k.Rounds) > 0 && k.Note != "":
		return milliseconds(k.median()) + note(notes, k.Note)
	case len(k.Rounds) > 0:
		return milliseconds(k.median())
	case k.Over > 0:
		return "over " + milliseconds(k.Over)
	default:
		return "cannot" + note(notes, firstSentence(k.Error))
	}
}

// note returns a note's mark; the same note has one.
func note(notes *[]string, text string) string {
	i := slices.Index(*notes, text)
	if i < 0 {
		i = len(*notes)
		*notes = append(*notes, text)
	}
	return superscript(i + 1)
}

func superscript(n int) string { return "<sup>" + strconv.Itoa(n) + "</sup>" }

func firstSentence(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	text, _, _ = strings.Cut(text, ". ")
	return strings.TrimSuffix(text, ".")
}

// milliseconds has three digits at the most below 1,000: more is not in a measurement on a machine that does other things too.
func milliseconds(v float64) string {
	switch {
	case v >= 1000:
		digits := strconv.Itoa(int(v/10+0.5) * 10)
		for i := len(digits) - 3; i > 0; i -= 3 {
			digits = digits[:i] + "," + digits[i:]
		}
		return digits
	case v >= 99.5:
		return strconv.Itoa(int(v + 0.5))
	case v >= 9.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}

// caption says on what, with what and when.
func (r *results) caption() string {
	if len(r.Rows) == 0 {
		return "Nothing has been measured yet: `make bench`."
	}
	var dates, commits, versions []string
	rounds := 0
	for _, k := range r.Rows {
		dates = append(dates, k.Date)
		if strings.HasPrefix(k.System, "tabgrad") {
			commits = append(commits, k.Commit)
		}
		rounds = max(rounds, len(k.Rounds))
	}
	for _, s := range r.Systems {
		if s.Version != "" {
			name, _, _ := strings.Cut(s.Name, ",")
			versions = append(versions, name+" "+s.Version)
		}
	}
	slices.Sort(dates)
	when := dates[0]
	if last := dates[len(dates)-1]; last != when {
		when += " to " + last
	}
	distinct := func(list []string) string {
		slices.Sort(list)
		return strings.Join(slices.Compact(list), ", ")
	}
	return fmt.Sprintf("%s, %d cores, %s; %s. Medians of %d rounds that alternate between the systems, %s, tabgrad at %s.",
		r.Machine.CPU, r.Machine.Cores, r.Browser, distinct(versions), rounds, when, distinct(commits))
}
