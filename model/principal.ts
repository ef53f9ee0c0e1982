/** Who is calling (design/house.md, Words). */
export interface Principal {
  /** The integer id: document 000's `executor`. */
  id: number;
  /** UUID of the tenant, and its ref. */
  tenant: string;
  tenantRef: string;
  subject: string;
  roles: string[];
}
