/** What some browsers offer and the standard library's types do not know yet. */

interface DataTransferItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

declare var showDirectoryPicker:
  | ((options?: { id?: string; mode?: "read" | "readwrite" }) => Promise<FileSystemDirectoryHandle>)
  | undefined;

declare var showOpenFilePicker: ((options?: { id?: string; multiple?: boolean }) => Promise<FileSystemFileHandle[]>) | undefined;

interface FileSystemHandle {
  queryPermission?(how: { mode: "read" }): Promise<PermissionState>;
  requestPermission?(how: { mode: "read" }): Promise<PermissionState>;
}
