namespace Kiln.Host;

/// <summary>Settings that cannot be used; one sentence for each.</summary>
public sealed class OptionsException(IReadOnlyList<string> sentences) : Exception(string.Join('\n', sentences))
{
    /// <summary>The sentences.</summary>
    public IReadOnlyList<string> Sentences { get; } = sentences;
}
