using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Sts;

/// <summary>Gives a user or an account's root keys that end. STS API Reference "GetSessionToken": needs no
/// permission.</summary>
[Operation("sts:GetSessionToken")]
public sealed class GetSessionToken(Db db, Sessions sessions)
    : IOperation<GetSessionToken.Request, GetSessionToken.Response>
{
    /// <summary>Twelve hours where none are asked for; an account's root gets one hour at most.</summary>
    private const int DefaultSeconds = 43_200, RootSecondsMax = 3600;

    /// <summary>The parameters.</summary>
    [Unsupported("Kiln has no MFA devices", "SerialNumber", "TokenCode")]
    public sealed record Request
    {
        [Range(900, 129600)] public int? DurationSeconds { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response(SessionCredentials? Credentials);

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        if (call.Caller.RoleName is not null
            || call.Caller.AccessKeyId.StartsWith("ASIA", StringComparison.Ordinal))
            throw StsError.AccessDenied("Cannot call GetSessionToken with session credentials");
        var seconds = request.DurationSeconds ?? DefaultSeconds;
        if (call.Caller.IsRoot)
            seconds = Math.Min(seconds, RootSecondsMax);
        var credentials = sessions.OfCaller(call.Caller, seconds);
        await db.SaveChangesAsync(cancel);
        return new Response(credentials);
    }
}
