/** Labels by which operators tell the role of a database pod (port-forward-protocol, section 8), the most telling first. */
export const roleLabels = [
  'cnpg.io/instanceRole',
  'spilo-role',
  'postgres-operator.crunchydata.com/role',
  'kubeblocks.io/role',
  'role',
] as const;
