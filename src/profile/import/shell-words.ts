export type ShellWords =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'unreadable'; readonly why: string };

/**
 * The words of one command as a POSIX shell splits them: quotes, backslashes and continued lines. It runs nothing: what a shell would
 * have to compute is refused. Ends where the command does.
 */
export function shellWords(text: string): ShellWords {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char === "'") {
      const end = text.indexOf("'", at + 1);
      if (end < 0) return { kind: 'unreadable', why: "a ' is not closed" };
      word = (word ?? '') + text.slice(at + 1, end);
      at = end;
    } else if (char === '"') {
      const quoted = /^"((?:[^"\\]|\\.)*)"/s.exec(text.slice(at));
      if (!quoted) return { kind: 'unreadable', why: 'a " is not closed' };
      if (/(^|[^\\])[$`]/.test(quoted[1]!)) return { kind: 'unreadable', why: computed };
      word = (word ?? '') + quoted[1]!.replaceAll(/\\(["\\$`])/g, '$1').replaceAll(/\\\r?\n/g, '');
      at += quoted[0].length - 1;
    } else if (char === '\\') {
      const next = text[at + 1];
      if (next === '\r' && text[at + 2] === '\n') at++;
      else if (next !== '\n' && next !== undefined) word = (word ?? '') + next;
      at++;
    } else if (/[;&|\n\r#]/.test(char) && (char !== '#' || word === undefined)) {
      if (words.length > 0 || word !== undefined) break;
    } else if (char === '$' || char === '`' || char === '(') {
      return { kind: 'unreadable', why: computed };
    } else if (char === '>' || char === '<') {
      // A redirection, with the number before it: what a program prints is no part of a profile.
      if (word !== undefined && !/^\d$/.test(word)) words.push(word);
      word = undefined;
      at += (/^[<>]+&?\s*[^\s;&|]*/.exec(text.slice(at))?.[0].length ?? 1) - 1;
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (word !== undefined) words.push(word);
  return { kind: 'words', words };
}

const computed = 'it has variables or commands in it: paste it as it is after they are filled in';
