using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.KeyPairs;

/// <summary>Takes the public half of a key pair that was made elsewhere.</summary>
[Operation("ec2:ImportKeyPair")]
public sealed class ImportKeyPair(Db db, TimeProvider clock) : IOperation<ImportKeyPair.Request, ImportKeyPair.Response>
{
    public sealed record Request
    {
        [MaxLength(255)] public required string KeyName { get; init; }
        public required ReadOnlyMemory<byte> PublicKeyMaterial { get; init; }
        [Wire("TagSpecification")] public IReadOnlyList<TagSpecification> TagSpecifications { get; init; } = [];
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        string KeyPairId, string KeyName, string KeyFingerprint,
        [property: Wire("tagSet")] IReadOnlyList<Tag> Tags);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var key = PublicKey.Parse(request.PublicKeyMaterial.Span) ?? throw Ec2Error.InvalidKeyFormat();
        var tags = Tagging.Read(call, request.TagSpecifications, KeyPairItem.Type);
        await call.Authorize(KeyPairItem.Arn(call, request.KeyName));
        await NewKeyName.Check(db, call, request.KeyName, cancel);
        var row = NewKeyName.Row(call, request.KeyName, key, clock.GetUtcNow());
        db.Add(row);
        tags.AddTo(db, KeyPairItem.Type, row.Id, call.AccountId, call.Region);
        await db.SaveChangesAsync(cancel);
        return new Response(row.Id, row.Name, row.Fingerprint, tags.For(KeyPairItem.Type));
    }
}
