using Kiln.Service.Calls;

namespace Kiln.Service.Sts;

/// <summary>Tells a caller who it is. STS API Reference "GetCallerIdentity": needs no permission.</summary>
[Operation("sts:GetCallerIdentity")]
public sealed class GetCallerIdentity : IOperation<GetCallerIdentity.Request, GetCallerIdentity.Response>
{
    /// <summary>No parameters.</summary>
    public sealed record Request;

    /// <summary>The caller.</summary>
    public sealed record Response(string UserId, string Account, string Arn);

    /// <inheritdoc/>
    public Task<Response> Handle(Request request, Call call, CancellationToken cancel) =>
        Task.FromResult(new Response(call.Caller.UserId, call.AccountId, call.Caller.Arn));
}
