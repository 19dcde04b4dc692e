namespace Kiln.Blocks.Nbd;

/// <summary>The peer said something that no client says; the connection is dropped.</summary>
internal sealed class NbdProtocolException(string message) : IOException(message);
