/**
 * A rule for the API server's audit policy: who opens port-forwards in a namespace, into which pod, without bodies. A forward's record
 * carries the Audit-ID that Sallyport sends and keeps, so that both logs can be joined.
 */
export function auditPolicyRule(namespace: string): string {
  return [
    '- level: Metadata',
    `  namespaces: [${JSON.stringify(namespace)}]`,
    '  verbs: ["create", "get"]',
    '  resources:',
    '  - group: ""',
    '    resources: ["pods/portforward"]',
    '',
  ].join('\n');
}
