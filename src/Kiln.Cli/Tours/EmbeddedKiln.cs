namespace Kiln.Cli.Tours;

/// <summary>A service inside this process, on a free port with data of its own, that ends with it.</summary>
/// <param name="endpoint">Its address.</param>
/// <param name="stop">Stops it and removes its data.</param>
public sealed class EmbeddedKiln(Uri endpoint, Func<ValueTask> stop) : IAsyncDisposable
{
    /// <summary>Its address.</summary>
    public Uri Endpoint { get; } = endpoint;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => stop();
}
