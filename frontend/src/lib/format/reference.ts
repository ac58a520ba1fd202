/**
 * What somebody typed or heard, in the form references are shown in: "R-7K2M-41C". Any case and spacing will do,
 * and O, I and L stand for the figures they are mistaken for. Whether it is right, the server says.
 */
export function referenceTyped(typed: string): string {
  const plain = typed.toUpperCase().replace(/[\s.-]/g, '');
  const body = plain.slice(1).replace(/O/g, '0').replace(/[IL]/g, '1');
  return [plain.slice(0, 1), body.slice(0, 4), body.slice(4)].filter(Boolean).join('-');
}
