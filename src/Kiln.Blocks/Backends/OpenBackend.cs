namespace Kiln.Blocks.Backends;

/// <summary>Opens a directory as a backend, making it where it is not: <see cref="FileBackend"/>, or what stands before
/// one.</summary>
/// <param name="directory">Its path.</param>
/// <exception cref="IOException">Another process has it open.</exception>
public delegate IBackend OpenBackend(string directory);
