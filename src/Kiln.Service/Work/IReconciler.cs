using Kiln.Service.Persistence;

namespace Kiln.Service.Work;

/// <summary>What a step answers about its work row.</summary>
/// <param name="After">When to look again; null when there is nothing left to do.</param>
public readonly record struct StepResult(TimeSpan? After)
{
    /// <summary>Nothing left to do: the work row goes.</summary>
    public static StepResult Done => new(null);

    /// <summary>Look again after this time of the domain clock; zero for at once.</summary>
    public static StepResult Again(TimeSpan after) => new(after);
}

/// <summary>Moves resources of one kind a notch at a time towards where their rows say they should be.</summary>
/// <remarks>
/// A step looks at the world, does one bounded and idempotent piece, changes entities through the context it is
/// given and returns; the worker commits entities and work row together, under the fence. It may be run again after
/// a crash at any point, on this node or another. A throw is retried with a growing pause; a reconciler that knows
/// an error to be final moves the entity to its failed state instead.
/// </remarks>
public interface IReconciler
{
    /// <summary>The kind of work rows it takes, e.g. <c>image</c>.</summary>
    string Kind { get; }

    /// <summary>How long a step may take: the lease is renewed while it runs, and it is cancelled on
    /// shutdown.</summary>
    Task<StepResult> Step(string resourceId, Db db, CancellationToken cancel);
}
