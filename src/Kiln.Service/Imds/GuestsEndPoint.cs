using System.Net;

namespace Kiln.Service.Imds;

/// <summary>All guests' sockets together, as the one end point that the metadata server binds.</summary>
internal sealed class GuestsEndPoint : EndPoint
{
    /// <inheritdoc/>
    public override string ToString() => "guests";
}
