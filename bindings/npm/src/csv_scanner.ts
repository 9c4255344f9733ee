// Cuts CSV text into lines of fields as it comes (RFC 4180). The Go side of the same rules is nn/data/csvscanner.go; nn/data/testdata/csv.json
// holds both to them.

import { TabgradError } from './errors.js';

/** A line's fields and where it began. */
export interface CSVLine {
  fields: string[];
  line: number;
}

const blank = (c: string) => c === ' ' || c === '\t';

/**
 * Quoted fields may hold separators, line breaks and, doubled, quotes; others lose the blanks around them. Lines end with LF, CR LF or CR, and
 * are passed over where they are empty.
 */
export class CSVScanner {
  readonly #name: string;
  readonly #comma: string;
  #lines: CSVLine[] = [];
  #fields: string[] = [];
  #field = '';
  /** What a character is looked at as: at a field's beginning, in one, in quotes, behind a quote there, behind the closing one. */
  #state: 'begin' | 'plain' | 'quoted' | 'quote' | 'closed' = 'begin';
  #line = 1;
  #began = 1;
  #quoteLine = 1;
  #afterCR = false;
  #first = true;

  constructor(name: string, comma: string) {
    this.#name = name;
    this.#comma = comma;
  }

  /** The lines that end in the text. */
  push(text: string): CSVLine[] {
    let from = 0;
    if (this.#first && text !== '') {
      this.#first = false;
      if (text.charCodeAt(0) === 0xfeff) from = 1;
    }
    for (let i = from; i < text.length; i++) this.#take(text[i]!);
    return this.#lines.splice(0);
  }

  /** The last line, where it doesn't end with a line break. */
  end(): CSVLine[] {
    if (this.#state === 'quoted') {
      this.#line = this.#quoteLine;
      this.#fail('a quote that is never closed');
    }
    this.#endLine(this.#state === 'quote' || this.#state === 'closed');
    return this.#lines.splice(0);
  }

  #take(c: string): void {
    const afterCR = this.#afterCR;
    this.#afterCR = false;
    if (this.#state === 'quoted') {
      if (c === '"') this.#state = 'quote';
      else {
        if (c === '\n') this.#line++;
        this.#field += c;
      }
      return;
    }
    if (this.#state === 'quote') {
      if (c === '"') {
        this.#field += c;
        this.#state = 'quoted';
        return;
      }
      this.#state = 'closed';
    }
    const closed = this.#state === 'closed';
    if (c === this.#comma) return this.#endField(closed);
    if (c === '\n' && afterCR) return; // of a CR LF
    if (c === '\n' || c === '\r') {
      this.#afterCR = c === '\r';
      return this.#endLine(closed);
    }
    if (closed) {
      if (!blank(c)) this.#fail(`${c} behind the closing quote, wanted the separator or the line's end`);
      return;
    }
    if (this.#state === 'begin') {
      if (blank(c)) return;
      if (c === '"') {
        this.#quoteLine = this.#line;
        this.#state = 'quoted';
        return;
      }
      this.#state = 'plain';
    }
    if (c === '"') this.#fail("a quote in a field that doesn't begin with one");
    this.#field += c;
  }

  #endField(closed: boolean): void {
    this.#fields.push(closed ? this.#field : this.#field.replace(/[ \t]+$/, ''));
    this.#field = '';
    this.#state = 'begin';
  }

  #endLine(closed: boolean): void {
    if (this.#fields.length > 0 || closed || this.#field !== '') {
      this.#endField(closed);
      this.#lines.push({ fields: this.#fields, line: this.#began });
      this.#fields = [];
    }
    this.#state = 'begin';
    this.#line++;
    this.#began = this.#line;
  }

  #fail(what: string): never {
    throw new TabgradError('bad_data', `${this.#name}: line ${this.#line}, field ${this.#fields.length + 1}: ${what}`);
  }
}
