/** Kubeconfig YAML as plain values. In a file of its own, imported only for YAML: the parser takes 20 ms to load, and JSON needs none. */
import { LineCounter, parseAllDocuments } from 'yaml';
import { AppError } from '../base/app-error.ts';

/** Throws SP-KUBECONFIG-INVALID with the line; never with the parser's own message, which may quote a key or a token. */
export function parseYamlTree(path: string, text: string): unknown {
  const lines = new LineCounter();
  const invalid = (message: string) => new AppError('SP-KUBECONFIG-INVALID', { path, message });
  let documents: ReturnType<typeof parseAllDocuments>;
  try {
    // kubectl reads the first document, lets the last of equal keys win and knows merge keys.
    const options = { merge: true, uniqueKeys: false, prettyErrors: false, lineCounter: lines } as const;
    documents = parseAllDocuments(text, options);
  } catch {
    throw invalid('it is not YAML');
  }
  const [document] = Array.isArray(documents) ? documents : [];
  const fault = document?.errors[0];
  if (fault) throw invalid(`YAML error ${fault.code} in line ${lines.linePos(fault.pos[0]).line}`);
  try {
    return document?.toJS({ maxAliasCount: 100 });
  } catch {
    throw invalid('its YAML aliases cannot be expanded');
  }
}
