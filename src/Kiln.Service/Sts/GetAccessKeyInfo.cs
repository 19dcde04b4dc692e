using System.ComponentModel.DataAnnotations;
using Kiln.Service.Accounts;
using Kiln.Service.Calls;

namespace Kiln.Service.Sts;

/// <summary>Tells whose an access key id is. STS API Reference "GetAccessKeyInfo".</summary>
[Operation("sts:GetAccessKeyInfo")]
public sealed class GetAccessKeyInfo(Credentials credentials)
    : IOperation<GetAccessKeyInfo.Request, GetAccessKeyInfo.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(16, 128), RegularExpression(@"[\w]*")] public required string AccessKeyId { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response(string? Account);

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        var credential = await credentials.Find(request.AccessKeyId, cancel)
            ?? throw StsError.Invalid($"Invalid value for AccessKeyId: {request.AccessKeyId}");
        return new Response(credential.Caller.AccountId);
    }
}
