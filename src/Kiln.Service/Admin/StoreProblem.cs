namespace Kiln.Service.Admin;

/// <summary>Something that CheckStores found.</summary>
/// <param name="Region">Where.</param>
/// <param name="ResourceId">The snapshot or volume that is hurt; a node's or a Region's name where none is.</param>
/// <param name="Kind">manifest-missing, manifest-damaged, block-missing, block-damaged, key-unusable or
/// store-unavailable.</param>
/// <param name="Message">In words.</param>
/// <param name="IsRepaired">Whether an intact copy is in place now.</param>
public sealed record StoreProblem(
    string Region, string ResourceId, string Kind, string Message, bool IsRepaired = false);
