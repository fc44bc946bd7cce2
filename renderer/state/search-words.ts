/** What is looked for, word by word: each has to be somewhere in the text of what is listed, in lower case. */
export function wordsOf(search: string): string[] {
  return search.toLowerCase().split(/\s+/).filter(Boolean);
}
