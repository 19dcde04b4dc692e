namespace Kiln.Disks;

/// <summary>Why a file is no disk image that is read here, in a sentence for people.</summary>
/// <param name="message">The sentence.</param>
public sealed class DiskFormatException(string message) : Exception(message);
