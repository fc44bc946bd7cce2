/** A sentence that names commands, with the program named as people type it: sallyport, or kubectl sallyport. */
export function calledAs(text: string, program = 'sallyport'): string {
  return text.replaceAll(/(?<!kubectl )\bsallyport (?=[a-z-])/g, `${program} `);
}
