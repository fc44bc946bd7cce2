import { AppError } from '../../base/app-error.ts';
import type { Imported, ImportOptions } from './imported.ts';
import { importKftray, isKftray } from './kftray.ts';
import { importKubeForwarder, isKubeForwarder } from './kube-forwarder.ts';
import { importKubectlLine, isKubectlLine } from './kubectl-line.ts';

const maxLength = 4 * 1024 * 1024;

/** What somebody pasted or a file holds: a kftray or kube-forwarder export, or a kubectl port-forward line. Throws SP-IMPORT. */
export function importText(text: string, options: ImportOptions = {}): Imported {
  if (text.length > maxLength)
    throw new AppError('SP-IMPORT', { message: `it is larger than ${maxLength / 1024} KiB` });
  if (isKubectlLine(text)) return importKubectlLine(text, options);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new AppError('SP-IMPORT', { message: 'it is neither JSON nor a kubectl port-forward command' });
  }
  if (isKubeForwarder(json)) return importKubeForwarder(json, options);
  if (isKftray(json)) return importKftray(json, options);
  throw new AppError('SP-IMPORT', { message: 'its JSON is that of no program known here' });
}
