import { delimiter, resolve } from 'node:path';

/** The value of KUBECONFIG with each file absolute, for who reads it in another folder. Undefined where it names none. */
export function absoluteKubeconfig(list: string | undefined, folder: string): string | undefined {
  const files = (list ?? '').split(delimiter).filter((file) => file !== '');
  return files.map((file) => resolve(folder, file)).join(delimiter) || undefined;
}
