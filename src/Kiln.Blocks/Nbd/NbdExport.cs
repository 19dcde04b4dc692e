using Kiln.Blocks.Devices;

namespace Kiln.Blocks.Nbd;

/// <summary>What a connection serves, and how: the outcome of its handshake.</summary>
/// <param name="Device">The disk.</param>
/// <param name="SizeBytes">Its size as the client was told; it stays that for this connection.</param>
/// <param name="StructuredReplies">Whether the client takes replies in chunks.</param>
/// <param name="Contexts">The ids of the metadata contexts it chose, added up.</param>
internal sealed record NbdExport(IDevice Device, long SizeBytes, bool StructuredReplies, uint Contexts)
{
    /// <summary>Whether files may be sent by reference.</summary>
    internal bool ByReference { get; init; } = true;

    /// <summary>Called when a file could not be read in the middle of a reply: connections to come should copy.
    /// </summary>
    internal Action Distrust { get; init; } = () => { };
}
