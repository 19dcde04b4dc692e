namespace Kiln.Blocks.Collection;

/// <summary>A file in the trash.</summary>
/// <param name="Name">Its name there: when it was put there, and what it was called.</param>
/// <param name="At">When it was put there.</param>
/// <param name="Bytes">Its length.</param>
public sealed record TrashFile(string Name, DateTimeOffset At, long Bytes);
