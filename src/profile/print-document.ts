import type { Document } from 'yaml';

/** A document that was read from `text` and changed, in the indentation and the line ends that the text has. Throws what yaml throws. */
export function printDocument(document: Document, text: string): string {
  const indent = /^( {1,8})\S/m.exec(text.replace(/^\s*#.*$/gm, ''))?.[1]?.length ?? 2;
  const lists = /^( *)[^\s#-][^\n]*:[ \t]*\r?\n\1- /m.test(text);
  const printed = document.toString({
    lineWidth: 0,
    indent,
    indentSeq: !lists,
    flowCollectionPadding: padded(text),
  });
  const end = /\n*$/.exec(text.replaceAll('\r', ''))?.[0] || '\n';
  const whole = printed.trimEnd() + end;
  return text.includes('\r\n') ? whole.replaceAll(/\r?\n/g, '\r\n') : whole;
}

function padded(text: string): boolean {
  return !/[{]\S[^{}\n]*\S[}]/.test(text) || /[{] \S/.test(text);
}
