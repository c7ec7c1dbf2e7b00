/** Data that the VMs of one vm_id share: one counter of versions for the whole process, no deletion, no expiry. */
export class SharedData {
  private readonly byVm = new Map<string, Map<string, { value: Buffer; cas: number }>>();
  private version = 1;

  get(vmId: string, key: string): { value: Buffer; cas: number } | undefined {
    return this.byVm.get(vmId)?.get(key);
  }

  /**
   * @param cas 0 overwrites; otherwise it must be the version of what is there. A key that is not there is created whatever it is.
   * @returns false when the version is another
   */
  set(vmId: string, key: string, value: Buffer, cas: number): boolean {
    const data = this.byVm.get(vmId) ?? new Map<string, { value: Buffer; cas: number }>();
    this.byVm.set(vmId, data);
    const old = data.get(key);
    if (old && cas !== 0 && cas !== old.cas) return false;
    data.set(key, { value, cas: this.version++ });
    return true;
  }

  /** The last VM of a vm_id is gone, and its data with it. */
  drop(vmId: string): void {
    this.byVm.delete(vmId);
  }

  /** What is there, for a test to look at. */
  entries(vmId: string): Map<string, Buffer> {
    return new Map([...(this.byVm.get(vmId) ?? [])].map(([key, { value }]) => [key, value]));
  }
}
