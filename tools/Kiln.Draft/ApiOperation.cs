namespace Kiln.Draft;

/// <summary>An operation's binding and the shapes it takes and gives.</summary>
public sealed record ApiOperation
{
    /// <summary>Method and URI template with a space between; null for an operation that is known by name
    /// only.</summary>
    public string? Http { get; init; }

    /// <summary>The status of a success where the model states one.</summary>
    public int? Status { get; init; }

    /// <summary>The request's shape, where there is one.</summary>
    public string? Input { get; init; }

    /// <summary>The response's shape, where there is one.</summary>
    public string? Output { get; init; }

    /// <summary>In the query protocol: the element that wraps the answer.</summary>
    public string? Wrapper { get; init; }

    /// <summary>The modelled errors, each as its code on the wire and its status, e.g. <c>AccessDenied
    /// 403</c>.</summary>
    public IReadOnlyList<string>? Errors { get; init; }
}
