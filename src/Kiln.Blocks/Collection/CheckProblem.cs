namespace Kiln.Blocks.Collection;

/// <summary>One thing that a check found.</summary>
/// <param name="Kind">What, in one word of <see cref="CheckProblemKind"/>.</param>
/// <param name="Where">File, or manifest id and block index.</param>
/// <param name="Address">Address of the record; null when it is not about one.</param>
/// <param name="IsRepaired">True when an intact record is in place again.</param>
public sealed record CheckProblem(CheckProblemKind Kind, string Where, string? Address, bool IsRepaired);
