import type { YAMLError } from 'yaml';

const texts: Partial<Record<YAMLError['code'], string>> = {
  BAD_ALIAS: 'this alias (*name) is not well formed',
  BAD_DQ_ESCAPE:
    'this escape in double quotes is none of YAML: write \\\\ for a backslash, or use single quotes',
  BAD_INDENT: 'the indentation does not fit what stands above',
  BAD_SCALAR_START: 'text cannot start with this character: put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a value that starts on this line needs a line of its own',
  BLOCK_IN_FLOW: 'inside brackets indented blocks cannot stand',
  MISSING_CHAR: 'a character is missing before this: a closing quote, bracket, comma or colon',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line: is a ":" missing or a quote not closed?',
  MULTIPLE_DOCS: 'a second document starts here: a profile file holds one',
  NON_STRING_KEY: 'this key must be plain text',
  RESOURCE_EXHAUSTION: 'this is nested too deep',
  TAB_AS_INDENT: 'a tab cannot indent: use spaces',
  TAG_RESOLVE_FAILED: 'this tag (!name) is not known here: leave it out',
  UNEXPECTED_TOKEN: 'this does not fit here: is a quote, a bracket or a line break missing before it?',
};

/** What is wrong with the YAML, in own words: the parser's may quote the text, which may be a secret. */
export function yamlErrorText(error: YAMLError): string {
  return texts[error.code] ?? `this is no YAML (${error.code})`;
}
