/** What a value is. `Absent` is not JSON's null. */
export enum JsonKind {
  Absent = 0,
  Null = 1,
  Boolean = 2,
  Number = 3,
  String = 4,
  Array = 5,
  Object = 6,
}
