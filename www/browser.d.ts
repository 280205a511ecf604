/** What some browsers offer and the standard library's types do not know yet. */

interface DataTransferItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

declare var showDirectoryPicker:
  | ((options?: { id?: string; mode?: "read" | "readwrite" }) => Promise<FileSystemDirectoryHandle>)
  | undefined;
