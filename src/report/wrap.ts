/** Running text of a report, broken at spaces. The width is fixed, so that a report is the same in every terminal and file. */

const REPORT_COLUMNS = 100;

/** Lines of at most 100 columns; a word that is longer stands alone. `first` begins the first line, `rest` the others. */
export function wrapText(text: string, { first = '', rest = '' } = {}): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > REPORT_COLUMNS) {
      lines.push(line);
      line = rest;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}

/** At most `width` characters of a sentence, cut at a space or comma. */
export function clip(text: string, width: number): string {
  if (text.length <= width) return text;
  const cut = text.slice(0, width - 2).replace(/[ ,:;(]+[^ ,:;(]*$/, '');
  return `${cut} ..`;
}

/** At most `width` characters: the middle of a longer name is left out, because its ends tell it from others. */
export function shorten(name: string, width: number): string {
  if (name.length <= width) return name;
  const head = Math.ceil((width - 2) / 2);
  return `${name.slice(0, head)}..${name.slice(name.length - (width - 2 - head))}`;
}
