using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.KeyPairs;

/// <summary>Forgets a key pair; one that is not there is no error. Instances keep the key that they got.</summary>
[Operation("ec2:DeleteKeyPair")]
public sealed class DeleteKeyPair(Db db) : IOperation<DeleteKeyPair.Request, DeleteKeyPair.Response>
{
    public sealed record Request
    {
        public string? KeyName { get; init; }
        public string? KeyPairId { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response(bool Return, string? KeyPairId);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        if (request.KeyName is null == request.KeyPairId is null)
            throw request.KeyName is null
                ? Ec2Error.MissingParameter("KeyName")
                : Ec2Error.InvalidParameterCombination("Give KeyName or KeyPairId, not both.");
        var row = await db.KeyPairs.Where(k => k.AccountId == call.AccountId && k.Region == call.Region)
            .SingleOrDefaultAsync(
                k => request.KeyName != null ? k.Name == request.KeyName : k.Id == request.KeyPairId, cancel);
        await call.Authorize(KeyPairItem.Arn(call, row?.Name ?? request.KeyName ?? "*"));
        if (row is not null)
        {
            await Tagging.Forget(db, row.Id, cancel);
            db.Remove(row);
            await db.SaveChangesAsync(cancel);
        }
        return new Response(true, row?.Id);
    }
}
