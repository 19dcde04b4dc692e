[assembly: AssemblyFixture(typeof(Kiln.Tests.Fixtures.PostgresLifetime))]

namespace Kiln.Tests.Fixtures;

/// <summary>Stops PostgreSQL after the last test, where one of them started it.</summary>
public sealed class PostgresLifetime : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => PostgresServer.StopIfStarted();
}
